"""Each address has a place of its own in the cache, and only whole files get there."""

import hashlib
import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from mmcnx2.checkpoints.downloads import download, place_of
from mmcnx2.checkpoints.files import CheckpointError, read_checkpoint


def weights(value: float) -> bytes:
    file = io.BytesIO()
    torch.save(dict(weight=torch.full((4,), float(value))), file)
    return file.getvalue()


@contextmanager
def server(**answers) -> Iterator[str]:
    """Answer ``/name`` with bytes, or with headers and bytes; the first header is the status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition('/')[2].replace('.', '_').replace('-', '_').split('?')[0]
            answer = answers.get(name, (dict(status=404), b''))
            headers, body = answer if isinstance(answer, tuple) else ({}, answer)
            headers = {'status': 200, 'Content-Length': len(body), **headers}
            self.send_response(headers.pop('status'))
            for key, value in headers.items():
                if value is not None:
                    self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield f'http://127.0.0.1:{http.server_port}'
        http.shutdown()


def value_of(path: Path) -> float:
    return read_checkpoint(path)['weight'][0].item()


def fetch(url: str, folder: Path) -> Path:
    return download(url, folder, progress=False)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob('*') if path.is_file())


def test_a_file_is_fetched_once_and_keeps_its_name(tmp_path):
    with server(w_pth=weights(1)) as address:
        fetched = fetch(f'{address}/w.pth', tmp_path)
    assert fetched.name == 'w.pth' and value_of(fetched) == 1
    assert fetch(f'{address}/w.pth', tmp_path) == fetched  # nobody answers any more


def test_the_default_place_is_torchs(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    with server(w_pth=weights(1)) as address:
        fetched = download(f'{address}/w.pth', progress=False)
    assert fetched.is_relative_to(tmp_path / 'checkpoints')


def test_addresses_that_end_in_one_name_are_different_files(tmp_path):
    with server(w_pth=weights(1)) as one, server(w_pth=weights(2)) as other:
        urls = [f'{one}/w.pth', f'{other}/w.pth', f'{other}/folder/w.pth', f'{other}/w.pth?v=2']
        fetched = [fetch(url, tmp_path) for url in urls]
        assert [value_of(path) for path in fetched] == [1, 2, 2, 2]
        assert len(set(fetched)) == 4
        assert {path.name for path in fetched} == {'w.pth'}


BODY = weights(3)
THREE = struct.pack('f', 3)
HALF = BODY[: len(BODY) // 2]
TENSORS = save(dict(weight=torch.ones(4)))
DIGEST = hashlib.sha256(BODY).hexdigest()[:8]
BAD = {
    'an early end': ('w.pth', {'Content-Length': len(BODY)}, HALF, 'ended after'),
    'an early end of unknown length': ('w.pth', {'Content-Length': None}, HALF, 'not a zip'),
    'an early end of safetensors': (
        'w.safetensors', {'Content-Length': None}, TENSORS[:-1], 'table of contents',
    ),
    'an early end in chunks': (
        'w.pth', {'Content-Length': None, 'Transfer-Encoding': 'chunked'}, b'9\r\nPK', 'Incomplete',
    ),
    'a changed byte': ('w.pth', {}, BODY.replace(4 * THREE, 3 * THREE + bytes(4)), 'checksum'),
    'another file': (f'w-{DIGEST}.pth', {}, weights(4), f'but its name says {DIGEST}'),
    'a web page': ('w.pth', {'Content-Type': 'text/html; charset=utf-8'}, b'<html>', 'web page'),
    'nothing': ('w.pth', {}, b'', 'it is empty'),
    'an error': ('w.pth', {'status': 503}, BODY, 'HTTP Error 503'),
    'no http': ('w.pth', {'status': 200, 'Content-Length': 'x'}, BODY, 'invalid literal'),
    'a file': ('w.pth', {'status': 302, 'Location': 'file:///etc/passwd'}, b'', 'file:///etc'),
    'ftp': ('w.pth', {'status': 301, 'Location': 'ftp://127.0.0.1/w.pth'}, b'', 'leads on to .ftp'),
    'a circle': ('w.pth', {'status': 307, 'Location': '/w.pth'}, b'', 'infinite loop'),
}  # fmt: skip


@pytest.mark.parametrize('what', BAD)
def test_what_is_not_whole_is_refused_by_address_and_leaves_nothing(what, tmp_path):
    name, headers, body, reason = BAD[what]
    with server(**{name.replace('.', '_').replace('-', '_'): (headers, body)}) as address:
        url = f'{address}/{name}'
        place = rf"put it at '{place_of(url, tmp_path)}'\.$"
        sentence = rf"(?s)^checkpoint '{url}' cannot be fetched \(.*{reason}.*{place}"
        with pytest.raises(CheckpointError, match=sentence):
            fetch(url, tmp_path)
    assert files(tmp_path) == []


def test_a_file_with_the_digest_of_its_name_and_behind_another_address_is_fetched(tmp_path):
    answers = {f'w_{DIGEST}_pth': BODY, 'latest_pth': ({'status': 302, 'Location': '/w.pth'}, b'')}
    with server(**answers, w_pth=BODY) as address:
        assert value_of(fetch(f'{address}/w-{DIGEST}.pth', tmp_path)) == 3
        assert fetch(f'{address}/latest.pth', tmp_path).name == 'latest.pth'


def test_nobody_there_is_said(tmp_path):
    with server() as address:
        pass
    with pytest.raises(CheckpointError, match='cannot be fetched .*Errno.*Connection.*network'):
        fetch(f'{address}/w.pth', tmp_path)


def test_https_does_not_lead_back_to_http():
    from urllib.error import URLError
    from urllib.request import Request

    from mmcnx2.checkpoints.downloads import _OnlyHttp

    follow = _OnlyHttp().redirect_request
    for before, after in (('http', 'http'), ('http', 'https'), ('https', 'https')):
        found = follow(Request(f'{before}://a/w.pth'), None, 302, '', {}, f'{after}://b/w.pth')
        assert found.full_url == f'{after}://b/w.pth'
    with pytest.raises(URLError, match="leads on to 'http://b/w.pth', which is not followed"):
        follow(Request('https://a/w.pth'), None, 302, '', {}, 'http://b/w.pth')


@pytest.mark.parametrize(
    'url', ['file:///etc/passwd', 'ftp://host/a.pth', 'https://host/', 'https://host', 'https:///a.pth',
            'https://host/a/..', '/a.pth', 'a.pth'],
)  # fmt: skip
def test_only_addresses_of_files_are_fetched(url, tmp_path):
    with pytest.raises(CheckpointError, match=f"^'{url}' is not fetched: only http"):
        fetch(url, tmp_path / 'new')
    assert not (tmp_path / 'new').exists()
