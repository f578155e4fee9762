#!/usr/bin/env bash
# tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options of tools/train.py]
# GPUS, GPUS_PER_NODE and CPUS_PER_TASK set the size, SRUN_ARGS goes to srun. Status 75 (told to go,
# checkpoint saved) queues again: the batch job that this runs in, unless it was cancelled, or else
# this command.
set -e
TOOLS=$(dirname "$0")
export PYTHONPATH="$TOOLS/..:$PYTHONPATH"
"$TOOLS/slurm_requeue.sh" srun -p "$1" --job-name="$2" --gres="gpu:${GPUS_PER_NODE:-8}" \
    --ntasks="${GPUS:-8}" --ntasks-per-node="${GPUS_PER_NODE:-8}" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 $SRUN_ARGS \
    python -u "$TOOLS/train.py" "$3" --work-dir "$4" --launcher slurm "${@:5}" && exit || STATUS=$?
if [ "$STATUS" != 75 ] || [ -n "$SLURM_JOB_ID" ]; then exit "$STATUS"; fi
exec "$0" "${@/#--move-aside/--resume}" --resume  # the last one counts
