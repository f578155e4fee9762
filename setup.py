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

OPENMMLAB = [
    'mmengine>=0.10.7,<0.11',
    'mmcv-lite>=2.1.0,<2.2.0',
    'mmpretrain>=1.2.0,<1.3',
]
DETECTION = ['mmdet>=3.3.0,<3.4']
SEGMENTATION = ['mmsegmentation>=1.2.2,<1.3', 'ftfy', 'regex']
EXPORT = ['onnx', 'onnxscript', 'onnxruntime']
CPU = ['numba>=0.61']
HEIC = ['pillow-heif>=1']
TIFF = ['tifffile>=2024.1', 'imagecodecs>=2024.1']
DICOM = ['pydicom>=3,<4']
LOOK = ['scikit-learn>=1.5', 'scipy>=1.11']
EXTRAS = {
    'openmmlab': OPENMMLAB,
    'det': OPENMMLAB + DETECTION,
    'seg': OPENMMLAB + SEGMENTATION,
    'cpu': CPU,
    'minkowski': ['MinkowskiEngine==0.5.4'],
    'heic': HEIC,
    'tiff': TIFF,
    'dicom': DICOM,
    'look': LOOK,
    'hf': ['transformers>=5,<6'],
    'export': EXPORT,
    'dev': [
        'pytest',
        'pytest-timeout',
        'pytest-xdist',
        'hypothesis',
        'import-linter',
        'ruff',
        'timm',
        'rasterio',  # writes the GeoTIFFs of the tests, as GDAL does
        *EXPORT,
    ],
}
# MinkowskiEngine is compiled: it stays out of 'all', which installs from wheels; so does
# transformers, beside which mmpretrain does not import
# (tests/checkpoints/test_hugging_face.py).
EXTRAS['all'] = [
    *OPENMMLAB, *DETECTION, *SEGMENTATION, *CPU, *HEIC, *TIFF, *DICOM, *LOOK,
    'tensorboard', *EXTRAS['dev'],
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
    package_data={PACKAGE: ['py.typed']},
    entry_points={'console_scripts': ['mmcnx2 = mmcnx2.cli:main']},
    python_requires='>=3.10,<3.14',
    install_requires=[
        'cyclopts>=4.25,<6',
        'rich',
        'torch>=2.6',
        'torchvision>=0.21',
        'numpy>=1.26',
        'pillow',
        'pyyaml',
        'safetensors',
        'setuptools<82',
        'simplejpeg>=1.7',
        'tqdm',
        'webdataset>=1.0',
    ],
    extras_require=EXTRAS,
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
