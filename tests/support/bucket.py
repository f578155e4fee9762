"""A bucket on this machine alone, with the answers that S3 gives."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem


@contextmanager
def bucket(files: Mapping[str, bytes], *, name: str = 'pictures') -> Iterator[str]:
    """Serve files as a bucket, with credentials for it in the environment; gives its address."""
    server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('AWS_ENDPOINT_URL', f'http://{host}:{port}')
        patch.setenv('AWS_ACCESS_KEY_ID', 'key')
        patch.setenv('AWS_SECRET_ACCESS_KEY', 'secret')
        patch.setenv('AWS_DEFAULT_REGION', 'us-east-1')
        patch.setenv('AWS_EC2_METADATA_DISABLED', 'true')  # which would be asked for credentials
        client = boto3.client('s3')
        client.create_bucket(Bucket=name)
        for key, data in files.items():
            client.put_object(Bucket=name, Key=key, Body=data)
        S3FileSystem.clear_instance_cache()  # those of other servers
        yield f's3://{name}'
        S3FileSystem.clear_instance_cache()
    server.stop()
