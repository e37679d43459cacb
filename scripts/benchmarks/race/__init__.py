"""Two trainers on the same item lists for the same time: ours and RecBole's SASRec."""
