"""Where a distribution's access log goes, and in which form (`spec/cloudfront.md` §14)."""

from typing import Literal

from edgerun.values import value


@value
class AccessLog:
    """The access log of a distribution.

    Attributes:
        path: absolute; a folder, which gets files named as CloudFront names them, or one file.
        folder: which of the two.
        format: the lines of standard logs, or the JSON objects of their second version.
        include_cookies: whether `cs(Cookie)` tells the viewer's cookies.
        prefix: folders below `path`, "" or ending in `/`.
        max_size: bytes after which another file is begun.
        keep: files that are finished and stay; the oldest goes.
        gzip: whether finished files of a folder are compressed.
    """

    path: str
    folder: bool
    format: Literal["w3c", "json"] = "w3c"
    include_cookies: bool = False
    prefix: str = ""
    max_size: int = 100 * 1024 * 1024
    keep: int = 100
    gzip: bool = True
