#!/usr/bin/env bash
# tools/slurm_requeue.sh COMMAND...
# In a batch job: puts the job back into the queue if the command ends with 75 (told to go,
# checkpoint saved). Any other status is passed on, and outside of a batch job 75, too. So is 75 if
# the job no longer is RUNNING: then Slurm ends it (scancel, time is up, preempted without grace).
"$@" && exit
STATUS=$?
if [ "$STATUS" != 75 ] || [ -z "$SLURM_JOB_ID" ]; then exit "$STATUS"; fi
# All elements of a job array may be listed.
STATE=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format='%A %T' | sed -n "s/^$SLURM_JOB_ID //p")
if [ "${STATE:-RUNNING}" = RUNNING ]; then exec scontrol requeue "$SLURM_JOB_ID"; fi
echo "Job $SLURM_JOB_ID is $STATE: it is not queued again. Submit it again to go on." >&2
exit "$STATUS"
