"""The engine over a folder of this machine: lists, reads, hostile names, refusals."""
