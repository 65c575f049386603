"""Pipeline schedules: who does what in which order, when, what is idle, and how one pair of chunks overlaps."""
