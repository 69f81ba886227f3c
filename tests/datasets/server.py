"""A web server in a thread on 127.0.0.1 that misbehaves on request, for the tests of downloads."""

import http.server
import threading
from dataclasses import dataclass, field
from hashlib import sha256

from catedra.datasets.data_set import Content, DataSet, File
from catedra.datasets.draw import Draw
from catedra.datasets.partition import Parts, divide
from catedra.datasets.split import Part
from catedra.datasets.stand_in import StandIn


@dataclass
class Server:
    """What is served and how badly.

    Attributes:
        files: path → bytes.
        drop_after: the connection drops after this many bytes of each response; None for never.
        statuses: answered instead of the file, one a request, then files.
        ranges: whether Range is honoured.
        requests: (path, Range header) of each request so far.
        delay: seconds before each answer.
    """

    files: dict = field(default_factory=dict)
    drop_after: int | None = None
    statuses: list = field(default_factory=list)
    ranges: bool = True
    requests: list = field(default_factory=list)
    delay: float = 0.0
    url: str = ""

    def file(self, name, content):
        """Serve `content` and return the `File` that describes it."""
        self.files[f"/{name}"] = content
        return File(name, len(content), sha256(content).hexdigest(), f"{self.url}/{name}")


def serve():
    """Yield a running `Server`."""
    server = Server()
    waiting = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            wanted = self.headers.get("Range")
            server.requests.append((self.path, wanted))
            waiting.wait(server.delay)
            if server.statuses:
                return self.send_error(server.statuses.pop(0))
            content = server.files.get(self.path)
            if content is None:
                return self.send_error(404)
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and server.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:][: server.drop_after])
            return None

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        httpd.shutdown()
        thread.join()


def toy(*files):
    """A data set of those files whose content doesn't depend on them."""
    import numpy as np

    pool = Part(np.arange(20.0).reshape(10, 2), np.arange(10) % 2)

    def parts(draw: Draw) -> Parts:
        return divide(pool, draw, stratify=False)

    return DataSet(
        "toy", "served", "datos de prueba", "CC0", "https://example.org/toy", files, lambda contents: Content(parts),
        StandIn((2,), "float64", 0.0, 1.0, 2),
    )  # fmt: skip
