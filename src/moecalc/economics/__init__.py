"""What a run and a token cost: prices and sums. It imports training and serving, and what they stand on."""
