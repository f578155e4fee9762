#!/usr/bin/env bash
# tools/slurm_requeue.sh COMMAND...
# In a batch job: puts the job back into the queue if the command ends with 75 (told to go,
# checkpoint saved). Any other status is passed on, and outside of a batch job 75, too.
"$@" && exit
STATUS=$?
if [ "$STATUS" = 75 ] && [ -n "$SLURM_JOB_ID" ]; then exec scontrol requeue "$SLURM_JOB_ID"; fi
exit "$STATUS"
