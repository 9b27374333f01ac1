"""What CloudFront's API refuses, in its own words (`spec/cloudfront.md` §8.2)."""


class ApiError(Exception):
    """A refusal: its code, its HTTP status, and a sentence."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
