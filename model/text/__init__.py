"""Item texts and queries as vectors of one space, by a pretrained encoder of the BERT class."""
