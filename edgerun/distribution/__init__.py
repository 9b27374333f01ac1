"""What a CloudFront configuration says, and the rules that follow from it."""
