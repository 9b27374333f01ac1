"""edgerun: a caching edge with Lambda@Edge functions, faithful to CloudFront, on your machine."""

__version__ = "0.1.0"
