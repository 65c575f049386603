"""Times inside a training step: what a stage computes and sends, how its pipeline runs, what stands between two steps.

Products, attention and communication take the times of ``hardware``; what frameworks add has few parameters of its own.
"""
