"""What ``import relight`` offers: functions that take names, paths or objects, and what they return. Thin, as commands
are: whatever computes, draws or reads lies in other rooms."""
