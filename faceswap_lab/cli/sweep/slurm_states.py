"""What has become of SLURM's jobs, where the cluster keeps no accounts.

submitit asks ``sacct``. Without accounting it learns nothing, warns at every look, and waits for ever for a job that
was cancelled. ``squeue`` knows what is queued or runs, and for some minutes what has ended.
"""

import subprocess

from submitit.slurm.slurm import SlurmInfoWatcher, SlurmJob

_GONE = {"State": "GONE", "NodeList": ""}


class QueueWatcher(SlurmInfoWatcher):
    """Asks ``squeue`` for the states of this user's jobs. One that it no longer knows has ended."""

    def _make_command(self) -> list[str] | None:
        if not self._registered - self._finished:
            return None
        return ["squeue", "--me", "--states=all", "--array", "--noheader", "--format=%i|%T|%N"]

    def read_info(self, string: bytes | str) -> dict[str, dict[str, str]]:
        """Return the state of every job that was submitted."""
        text = string if isinstance(string, str) else string.decode()
        told = super().read_info(f"JobID|State|NodeList\n{text}")
        return {job: told.get(job, _GONE) for job in self._registered}


def ask_the_queue_where_nobody_keeps_accounts() -> None:
    """Let submitit ask ``squeue`` if ``sacct`` cannot answer here."""
    try:
        answers = subprocess.run(["sacct", "--noheader"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        answers = False
    if not answers:
        SlurmJob.watcher = QueueWatcher(delay_s=30)
