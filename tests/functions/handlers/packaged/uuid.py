NAME = "the user's own uuid"
