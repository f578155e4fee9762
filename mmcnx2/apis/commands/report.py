"""One page about a run."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run


@call
def report(
    run: Annotated[str, arguments.location],
    *,
    out: Annotated[str | None, arguments.location] = None,
    images: Annotated[str | None, arguments.location] = None,
    labelled: Annotated[str | None, arguments.location] = None,
    count: Annotated[int, arguments.whole(3, 2000)] = 200,
    device: Annotated[str | None, arguments.device] = None,
) -> None:
    """Write a page about a run: is it learning, what are its features like, what to do next.

    For example: mmcnx2 report runs/pre

    The page is one file that needs no network. While a run trains, it tells how far that is.

    Args:
        run: Folder of a run.
        out: The page to write. Default report.html in the run's folder.
        images: Images to look at. Default those that the run learnt from.
        labelled: Folder of class folders to score the features by, with k-NN and a linear probe.
            Default a classifier's own validation images.
        count: How many of them. Default 200.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.

    Raises:
        OSError: There is no such run, it has no checkpoint yet, or ``out`` cannot be written.
        ValueError: Fewer than 3 images can be read.
    """
    use(device)
    import contextlib
    import io
    import os

    from mmcnx2.outputs import check_file

    opened = Run.open(run)
    target = out or os.path.join(opened.folder, 'report.html')
    check_file(target)
    print(f'Looking at {opened.folder} ...', flush=True)
    from mmcnx2.apis.report import make_report  # which takes seconds
    from mmcnx2.engine.hooks.progress_hook import warnings_alone

    with warnings_alone(), contextlib.redirect_stdout(io.StringIO()):  # of the toolboxes
        page = make_report(opened, images=images, count=count, device=device, labelled=labelled)
    page.write(target)
    verdict = page.findings[0] if page.findings else None
    said = f'{verdict.kind}: {verdict.sentence}' if verdict else 'too early to say.'
    print(f'Wrote {target}. {said[0].upper()}{said[1:]}')
