"""What a run leaves behind while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...results.run.recorder import Recorder


@dataclass
class RunLog:
    """What a run leaves behind: the recorder's tables and plans, and wall times in seconds by part."""

    recorder: Recorder = field(default_factory=Recorder)
    seconds: dict[str, float] = field(default_factory=dict)

    def add_seconds(self, part: str, seconds: float) -> None:
        """Add to a part's wall time."""
        self.seconds[part] = self.seconds.get(part, 0.0) + seconds
