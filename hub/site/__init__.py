"""The public site and feeds: values in, bytes out; `shelf` alone touches the disk, nothing tells the time."""
