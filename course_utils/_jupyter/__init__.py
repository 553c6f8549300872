"""What the installation tells JupyterLab and its server."""
