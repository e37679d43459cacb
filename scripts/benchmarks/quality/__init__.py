"""The yardstick of the papers: item lists, the last item left out, the whole catalogue ranked."""
