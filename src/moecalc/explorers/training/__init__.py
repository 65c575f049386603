"""Figures of training: FLOPs, utilisation, states, phases and schedules."""
