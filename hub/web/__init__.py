"""The web process: public files, personal pages, providers' callbacks, health."""
