"""This machine: files only their owner reads, durable writes, child interpreters. Both wings stand on this package."""
