"""What people type, read and checked for shape; what may be done with it is the services' to say."""
