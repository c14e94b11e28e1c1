"""What went wrong, in words for the person at the keyboard; the command line prints it and exits 1."""
import contextlib
import errno
import os


class Failure(Exception):
    pass


@contextlib.contextmanager
def explained(action, path, hint=""):
    """Turns the operating system's errors inside into a Failure that names `path`."""
    try:
        yield
    except OSError as error:
        why = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up",
               errno.ENOENT: "it does not exist"}.get(error.errno, error.strerror or str(error))
        raise Failure(f"cannot {action} {path}: {why}{hint and f' ({hint})'}") from error


def write_atomically(path, data, action="write", hint=""):
    """`path` holds either all of `data` or what it held before, whatever happens in between."""
    partial = f"{path}.partial"
    with explained(action, path, hint):
        try:
            with open(partial, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)
            raise
        directory = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
