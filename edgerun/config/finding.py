"""What a check of functions says."""

from edgerun.values import value


@value
class Finding:
    """One thing that AWS would refuse, or that may fail there.

    Attributes:
        code: a stable word for its kind.
        function: the function's configured name.
        file: the file, or the folder, it is about.
        line: in that file; 0 when it is about the whole.
        message: one sentence.
        aws: AWS's own text (§9.7, §10.6); "" when none is known.
        fix: what to do.
    """

    code: str
    function: str
    file: str
    line: int = 0
    message: str
    aws: str = ""
    fix: str
