"""The kinds of processes in which projects use the engine: servers, task queues and the shell."""
