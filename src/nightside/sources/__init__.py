"""Where bytes come from: local files and folders in the archives' layouts."""
