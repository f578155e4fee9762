"""An address that cannot be read says why, in words."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import which

import pytest

from mmcnx2.datasets.shards import address
from mmcnx2.datasets.shards.address import describe, is_address, open_address
from mmcnx2.datasets.shards.stream import read_index, read_shard
from tests.support.file_server import served

pytestmark = pytest.mark.skipif(not which('curl'), reason='addresses are read by curl')


def nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return f'http://127.0.0.1:{free.getsockname()[1]}'


def test_without_network_it_says_so(monkeypatch):
    """.invalid is a domain that no name server knows (RFC 2606)."""
    monkeypatch.setattr(address, '_CURL', (*address._CURL, '--retry', '0'))
    with pytest.raises(FileNotFoundError) as refusal:
        read_index('https://shards.invalid/set')
    assert str(refusal.value) == (
        "'https://shards.invalid/set/index.json' cannot be read (its host is not known: is the "
        'name right, and is there a network?): make shards there with '
        'tools/dataset_tools/make_shards.py, or point data_root at the folder that has them.'
    )


def test_a_host_that_does_not_answer_says_so():
    reason = 'its host does not answer: does a server run there'
    with pytest.raises(FileNotFoundError, match=reason):
        read_index(nobody_listens())
    with pytest.raises(OSError, match=rf'a.tar. cannot be read from image 0 to 1 .{reason}'):
        list(read_shard(f'{nobody_listens()}/a.tar', start=0, stop=1))


def test_a_file_that_is_not_there_says_so(tmp_path):
    with served(tmp_path) as url, pytest.raises(FileNotFoundError, match='has no such file'):
        read_index(url)


def test_brackets_in_an_address_mean_nothing(tmp_path):
    (tmp_path / 'set[1-2]').mkdir()
    (tmp_path / 'set[1-2]/a').write_text('content')
    with served(tmp_path) as url, open_address(f'{url}/set[1-2]/a') as file:
        assert file.read() == b'content'


def test_a_server_may_not_send_on_to_another_kind_of_address():
    class SendOn(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header('Location', 'ftp://127.0.0.1/index.json')
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(('127.0.0.1', 0), SendOn) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(FileNotFoundError, match='neither http nor https'):
            read_index(f'http://127.0.0.1:{server.server_port}')
        server.shutdown()


def test_a_missing_curl_is_named(monkeypatch):
    monkeypatch.setattr(address.shutil, 'which', lambda name: None)
    with pytest.raises(OSError, match="reading 'http://a/b' needs the program curl: install it"):
        open_address('http://a/b')


def test_other_errors_and_states_keep_their_words():
    assert describe(OSError(2, 'No such file')) == 'No such file'
    assert describe(EOFError('ends early', 'stream')) == 'ends early'
    assert describe(OSError("((['curl', 'http://a'],), {}): exit 99 (read) {}")) == (
        'curl ended with status 99'
    )


@pytest.mark.parametrize(
    ('location', 'whether'),
    [('https://a/b', True), ('s3://a', True), ('pipe:x', True), ('/a/b', False), ('a:b', False)],
)
def test_an_address_is_told_from_a_path(location, whether):
    assert is_address(location) == whether
