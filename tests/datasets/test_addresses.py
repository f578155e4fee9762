"""What lies at addresses is listed and read, again when it breaks, and why it cannot is told."""

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from s3fs import S3FileSystem

from mmcnx2.datasets import addresses
from mmcnx2.datasets.addresses import (
    AddressError,
    describe_file,
    find_addresses,
    is_address,
    list_address,
    open_address,
    read_address,
)
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.labels.table import read_paths
from mmcnx2.datasets.sources import list_sources
from tests.support.bucket import bucket
from tests.support.file_server import served

FILES = {
    'a/1.jpg': b'first',
    'a/b/2.jpg': b'second',
    'a/.hidden.jpg': b'',
    'a/note.txt': b'',
    'list.txt': b'a/b/2.jpg\ns3://pictures/a/1.jpg\n',
    'table.csv': b'path,other\na/1.jpg,0\n',
}


@pytest.fixture(scope='module')
def root():
    with bucket(FILES) as address:
        yield address


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(addresses, '_WAIT', 0.001)


def nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return f'127.0.0.1:{free.getsockname()[1]}'


@pytest.mark.parametrize(
    ('location', 'whether'),
    [('https://a/b', True), ('s3://a', True), ('pipe:x', True), ('/a/b', False), ('a:b', False)],
)
def test_an_address_is_told_from_a_path(location, whether):
    assert is_address(location) == whether


def test_a_bucket_is_listed_and_read(root):
    assert list_address(f'{root}/a') == ['.hidden.jpg', '1.jpg', 'b/2.jpg', 'note.txt']
    assert list_address(root, below=False) == ['list.txt', 'table.csv']
    assert find_addresses(f'{root}/*.txt') == [f'{root}/list.txt']
    assert read_address(f'{root}/a/1.jpg', max_bytes=5) == b'first'
    with open_address(f'{root}/a/b/2.jpg') as stream:
        assert stream.read(3) + stream.read() == b'second'
    assert describe_file(f'{root}/a/1.jpg') != describe_file(f'{root}/a/b/2.jpg')


def test_places_in_a_bucket_name_images(root):
    folder = list_sources(f'{root}/a')
    assert (folder.root, folder.names) == (f'{root}/a', ['1.jpg', 'b/2.jpg'])
    assert folder.said == [f"Found 2 images below '{root}/a' (2 .jpg); left out: 1 .txt; 1 hidden."]
    assert list_sources(f'{root}/list.txt').names == ['b/2.jpg', '1.jpg']
    assert read_paths(f'{root}/table.csv') == [f'{root}/a/1.jpg']
    assert list_sources(f'{root}/a/b,{root}/table.csv').names == ['b/2.jpg', '1.jpg']


def test_places_here_and_there_are_not_mixed(root, tmp_path):
    (tmp_path / '1.jpg').touch()
    with pytest.raises(ValueError, match='images lie at / and s3://, but a run reads those of one'):
        list_sources(f'{tmp_path},{root}/a')
    with pytest.raises(ValueError, match="a.zip' is neither a folder"):
        list_sources(f'{root}/a.zip')


def test_what_is_not_there_is_an_unreadable_image(root):
    with pytest.raises(UnreadableImageError, match='there is no such file, folder or bucket'):
        read_address(f'{root}/a/3.jpg', max_bytes=9)
    with pytest.raises(UnreadableImageError, match='more bytes than max_bytes=4'):
        read_address(f'{root}/a/1.jpg', max_bytes=4)
    with pytest.raises(UnreadableImageError):
        read_address(f'{root}/a/.hidden.jpg', max_bytes=9)


def test_a_wrong_bucket_is_one_sentence():
    with bucket({}), pytest.raises(AddressError) as refusal:
        list_address('s3://none/a')
    assert str(refusal.value) == (
        "'s3://none/a' cannot be read: there is no such file, folder or bucket"
    )


def test_missing_credentials_are_one_sentence(monkeypatch):
    with bucket({}) as address:
        monkeypatch.delenv('AWS_ACCESS_KEY_ID')
        monkeypatch.delenv('AWS_SECRET_ACCESS_KEY')
        monkeypatch.setenv('AWS_SHARED_CREDENTIALS_FILE', '/none')
        S3FileSystem.clear_instance_cache()
        with pytest.raises(AddressError, match='no credentials are found: set AWS_ACCESS_KEY_ID'):
            list_address(address)


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setattr(addresses, 'find_spec', lambda name: None)
    for address, package in (('s3://a', 's3fs'), ('gs://a', 'gcsfs'), ('hf://a', 'huggingface_hub'),
                             ('https://a', 'aiohttp')):  # fmt: skip
        with pytest.raises(ImportError, match=f"'{address}' needs {package}: pip install "):
            list_address(address)


@pytest.mark.parametrize(
    'address', ['pipe:touch x', 'file:///etc', 'ftp://a', 'simplecache::s3://a']
)
def test_other_kinds_are_refused(address):
    with pytest.raises(ValueError, match=r'neither a path nor an http\(s\), s3, gs or hf address'):
        open_address(address)


def test_a_server_that_lists_its_folders(tmp_path):
    """Signs that mean something in an address or to a shell do not, in names."""
    (tmp_path / 'set[1-2]').mkdir()
    content = bytes(range(256)) * 10_000  # which arrives in many parts
    (tmp_path / 'set[1-2]/a b.jpg').write_bytes(content)
    with served(tmp_path) as url:
        (name,) = list_address(url)
        assert read_address(f'{url}/{name}', max_bytes=len(content)) == content
        assert read_address(f'{url}/set[1-2]/a b.jpg', max_bytes=len(content)) == content
        with pytest.raises(AddressError, match='there is no such file'):
            list_address(f'{url}/none')


def test_without_network_it_says_so_after_a_few_attempts():
    """.invalid is a domain that no name server knows (RFC 2606)."""
    with pytest.raises(AddressError, match='its host is not known: is the name right, and is the'):
        read_address('https://shards.invalid/a', max_bytes=9)
    with pytest.raises(AddressError, match='its host does not answer: does a server run there'):
        read_address(f'http://{nobody_listens()}/a', max_bytes=9)


class Faulty(BaseHTTPRequestHandler):
    """Breaks off, is busy, then answers; sends on, or refuses."""

    asked = 0

    def do_GET(self):
        """Answer."""
        if self.path == '/elsewhere':
            self.send_response(302)
            self.send_header('Location', 'ftp://127.0.0.1/a')
            self.end_headers()
            return
        type(self).asked += 1
        if self.path == '/secret' or type(self).asked == 2:
            self.send_error(403 if self.path == '/secret' else 503)
            return
        self.send_response(200)
        self.send_header('Content-Length', '7')
        self.end_headers()
        self.wfile.write(b'content' if type(self).asked > 2 else b'con')

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def faulty(monkeypatch):
    monkeypatch.setattr(Faulty, 'asked', 0)
    with ThreadingHTTPServer(('127.0.0.1', 0), Faulty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_what_breaks_is_read_again(faulty):
    assert read_address(f'{faulty}/a', max_bytes=9) == b'content'
    assert Faulty.asked == 3


def test_what_is_refused_is_asked_for_once(faulty):
    reason = f'status {http.client.FORBIDDEN.value}'
    with pytest.raises(UnreadableImageError, match=reason):
        read_address(f'{faulty}/secret', max_bytes=9)
    assert Faulty.asked == 1


def test_a_server_may_not_send_on_to_another_kind_of_address(faulty):
    with pytest.raises(AddressError, match='neither http nor https'):
        open_address(f'{faulty}/elsewhere')
