"""Kind `cloze`: which of several words fills a gap best, by the model's own masked-LM head. Nothing is trained."""
