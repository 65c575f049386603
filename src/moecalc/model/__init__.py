"""What a config is and what it counts to: parameters, FLOPs, cache, checkpoint. It imports base and facts."""
