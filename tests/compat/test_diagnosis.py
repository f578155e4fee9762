"""Each check says what is wrong with made-up environments, and is silent about a sound one."""

import dataclasses

import pytest

from mmcnx2.compat.diagnosis import find_problems
from mmcnx2.compat.facts import Facts

SOUND = Facts(
    python='3.11.7',
    distributions={
        'torch': '2.11.0+cu130',
        'torchvision': '0.26.0+cu130',
        'mmengine': '0.10.7',
        'mmcv-lite': '2.1.0',
        'mmdet': '3.3.0',
        'mmsegmentation': '1.2.2',
        'mmpretrain': '1.2.0',
        'setuptools': '81.0.0',
        'ftfy': '6.3.1',
        'regex': '2026.11.19',
    },
    mmcv_ops={'nms': 'torchvision'},
)


def having(**versions):
    """The sound environment with other versions; None takes a distribution away."""
    changed = {name.replace('_', '-'): version for name, version in versions.items()}
    merged = {**SOUND.distributions, **changed}
    present = {name: version for name, version in merged.items() if version is not None}
    return dataclasses.replace(SOUND, distributions=present)


def only_problem(facts):
    problems = find_problems(facts)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_sound_stack_has_no_problem():
    assert find_problems(SOUND) == []


def test_a_full_onedl_stack_has_no_problem():
    facts = having(
        mmengine=None,
        mmcv_lite=None,
        mmdet=None,
        mmsegmentation=None,
        mmpretrain=None,
        onedl_mmengine='0.10.12',
        onedl_mmcv='2.3.6',
        onedl_mmdetection='3.5.1',
        onedl_mmsegmentation='1.4.2',
        onedl_mmpretrain='1.3.6',
    )
    assert find_problems(facts) == []


@pytest.mark.parametrize(
    'both',
    [dict(onedl_mmengine='0.10.12'), dict(mmcv='2.1.0'), dict(onedl_mmdetection='3.5.1')],
    ids=lambda both: next(iter(both)),
)
def test_two_distributions_of_one_package_are_an_error(both):
    problem = only_problem(having(**both))
    (name,) = both
    assert problem.fatal and 'overwrite each other' in problem.what
    assert name.replace('_', '-') in problem.mend


def test_both_families_at_once_are_one_error_with_one_way_out():
    problem, *_ = find_problems(
        having(
            onedl_mmengine='0.10.12',
            onedl_mmcv='2.3.6',
            onedl_mmdetection='3.5.1',
            onedl_mmsegmentation='1.4.2',
            onedl_mmpretrain='1.3.6',
        )
    )
    assert problem.fatal
    assert 'the extras official and onedl exclude each other' in problem.what
    uninstalled = problem.mend.split(' && ')[0].split()[3:]
    assert set(uninstalled) >= {'mmengine', 'onedl-mmengine', 'mmcv-lite', 'onedl-mmcv', 'mmdet'}
    assert len(uninstalled) == 10


def test_two_official_ones_are_not_told_of_families():
    assert 'onedl' not in str(only_problem(having(mmcv='2.1.0')))


def test_a_gpu_without_a_c_compiler_is_a_note():
    here = dataclasses.replace(having(triton='3.6.0'), c_compiler=False)
    assert find_problems(here) == []
    problem = only_problem(dataclasses.replace(here, gpus=('NVIDIA H100',)))
    assert not problem.fatal and 'plain torch computes on the GPU' in problem.what
    assert problem.mend == 'apt-get install gcc python3-dev'


@pytest.mark.parametrize('name', ['torch', 'torchvision', 'mmengine', 'mmcv_lite', 'mmpretrain'])
def test_missing_foundations_are_errors(name):
    problem = only_problem(having(**{name: None}))
    assert problem.fatal and name.replace('_', '-') in problem.mend


@pytest.mark.parametrize('name, task', [('mmdet', 'detection'), ('mmsegmentation', 'segmentation')])
def test_a_missing_toolbox_stops_its_own_task_only(name, task):
    problem = only_problem(having(**{name: None}))
    assert not problem.fatal and task in problem.what


@pytest.mark.parametrize('name', ['ftfy', 'regex'])
def test_what_mmseg_does_not_ask_for(name):
    assert only_problem(having(**{name: None})).what.startswith(f'{name} is not installed')
    without_mmseg = find_problems(having(**{name: None, 'mmsegmentation': None}))
    assert not any(problem.fatal for problem in without_mmseg)


@pytest.mark.parametrize('version', ['1.7.2', '2.2.0', '2.3.6'])
def test_an_mmcv_that_the_toolboxes_refuse(version):
    problem = only_problem(having(mmcv_lite=version))
    assert problem.fatal and version in problem.what


@pytest.mark.parametrize('version', [None, '82.0.0', '90.1'])
def test_setuptools_without_pkg_resources(version):
    assert "'setuptools<82'" in only_problem(having(setuptools=version)).mend


@pytest.mark.parametrize(
    'version, is_problem', [('4.55.4', False), ('4.56.0', True), ('5.2', True)]
)
def test_transformers(version, is_problem):
    assert bool(find_problems(having(transformers=version))) is is_problem


def test_a_torch_that_cannot_be_told_what_to_load():
    assert '2.5.1' in only_problem(having(torch='2.5.1', torchvision='0.20.1')).what


@pytest.mark.parametrize(
    'torch, torchvision, mend',
    [
        ('2.11.0', '0.27.1', "'torchvision==0.26.*'"),
        ('2.13.0', '0.29.0', "'torchvision==0.28.*'"),
        ('2.15.0', '0.28.0', "'torchvision>=0.29,<0.31'"),
    ],
)
def test_a_torchvision_of_another_torch(torch, torchvision, mend):
    assert mend in only_problem(having(torch=torch, torchvision=torchvision)).mend


def test_a_torchvision_that_goes_with_later_torches():
    assert not find_problems(having(torch='2.15.0', torchvision='0.29.2'))


@pytest.mark.parametrize('python', ['3.9.18', '3.14.0'])
def test_python(python):
    assert python in only_problem(dataclasses.replace(SOUND, python=python)).what


def test_operators_that_do_not_load():
    facts = dataclasses.replace(SOUND, mmcv_ops={'nms': 'missing: undefined symbol'})
    problem = only_problem(facts)
    assert problem.fatal and 'undefined symbol' in problem.what


def test_a_broken_minkowskiengine_stops_its_own_layout_only():
    facts = dataclasses.replace(SOUND, minkowski='broken: undefined symbol')
    assert not only_problem(facts).fatal


def test_an_import_that_fails_for_an_unknown_reason_is_told_as_it_is():
    facts = dataclasses.replace(SOUND, import_errors={'mmdet.models': 'ValueError: surprise'})
    assert 'mmdet.models fails: ValueError: surprise' in only_problem(facts).what


def test_a_known_reason_is_told_instead_of_the_import_error_it_causes():
    facts = dataclasses.replace(having(ftfy=None), import_errors={'mmseg.models': 'no ftfy'})
    assert only_problem(facts).what.startswith('ftfy')


def test_an_opencv_without_libgl():
    error = 'ImportError: libGL.so.1: cannot open shared object file'
    facts = dataclasses.replace(having(opencv_python='5.0.0.93'), import_errors={'cv2': error})
    problem = only_problem(facts)
    assert problem.fatal and 'opencv-python-headless==5.0.0.93' in problem.mend
