"""Programs in WebAssembly, compiled to the processor's own code when they are first needed.

The functions of wasmtime's library are called by ctypes, which lets go of Python's lock. The package that
wasmtime brings for Python is left alone: its import alone takes 0.1 s of CPU and 8 MB.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_POINTER = ctypes.c_void_p
_SIZE = ctypes.c_size_t

_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "wasm_config_new": (_POINTER,),
    "wasm_engine_new_with_config": (_POINTER, _POINTER),
    "wasmtime_config_parallel_compilation_set": (None, _POINTER, ctypes.c_bool),
    "wasmtime_error_message": (None, _POINTER, _POINTER),
    "wasmtime_func_call": (_POINTER, _POINTER, _POINTER, _POINTER, _SIZE, _POINTER, _SIZE, _POINTER),
    "wasmtime_instance_export_get": (ctypes.c_bool, _POINTER, _POINTER, ctypes.c_char_p, _SIZE, _POINTER),
    "wasmtime_instance_new": (_POINTER, _POINTER, _POINTER, _POINTER, _SIZE, _POINTER, _POINTER),
    "wasmtime_memory_data": (_POINTER, _POINTER, _POINTER),
    "wasmtime_memory_data_size": (_SIZE, _POINTER, _POINTER),
    "wasmtime_module_new": (_POINTER, _POINTER, _POINTER, _SIZE, _POINTER),
    "wasmtime_store_context": (_POINTER, _POINTER),
    "wasmtime_store_new": (_POINTER, _POINTER, _POINTER, _POINTER),
    "wasmtime_wat2wasm": (_POINTER, ctypes.c_char_p, _SIZE, _POINTER),
}
"""What each function returns and takes, as in wasm.h and wasmtime.h of wasmtime's C API."""


class _Bytes(ctypes.Structure):
    """`wasm_byte_vec_t`."""

    _fields_ = (("size", _SIZE), ("data", _POINTER))


class _Extern(ctypes.Structure):
    """`wasmtime_extern_t`: a kind, and a handle of at most 24 bytes."""

    _fields_ = (("kind", ctypes.c_uint8), ("handle", ctypes.c_uint64 * 3))


class Program:
    """A compiled program with a memory of fixed size, for the life of the process.

    Not for two threads at a time.

    Args:
        text: The program in WebAssembly's text form. It exports `memory`, and a function `run` that takes and
            returns nothing.

    Attributes:
        memory: The program's memory itself, byte by byte.

    Raises:
        RuntimeError: wasmtime's library is not there, or it refuses the program.
    """

    memory: NDArray[np.uint8]

    def __init__(self, text: str) -> None:
        """Compile the program and make its memory."""
        library = self._library = _library()
        self._trap = _POINTER()
        # One thread compiles: the pool of several would stay for the life of the process.
        config = library.wasm_config_new()
        library.wasmtime_config_parallel_compilation_set(config, False)
        engine = library.wasm_engine_new_with_config(config)
        source, binary, module = text.encode(), _Bytes(), _POINTER()
        self._accept(library.wasmtime_wat2wasm(source, len(source), ctypes.byref(binary)))
        self._accept(library.wasmtime_module_new(engine, binary.data, binary.size, ctypes.byref(module)))
        self._context = library.wasmtime_store_context(library.wasmtime_store_new(engine, None, None))
        instance = (ctypes.c_uint64 * 2)()
        self._accept(
            library.wasmtime_instance_new(
                self._context, module, None, 0, ctypes.byref(instance), ctypes.byref(self._trap)
            )
        )
        memory, self._run = (self._export(ctypes.byref(instance), name) for name in (b"memory", b"run"))
        size = library.wasmtime_memory_data_size(self._context, ctypes.byref(memory))
        address = library.wasmtime_memory_data(self._context, ctypes.byref(memory))
        self.memory = np.frombuffer((ctypes.c_uint8 * size).from_address(address), dtype=np.uint8)

    def run(self) -> None:
        """Run the program on what its memory holds; Python's other threads go on meanwhile.

        Raises:
            RuntimeError: The program stopped at what it may not do.
        """
        self._accept(
            self._library.wasmtime_func_call(
                self._context, ctypes.byref(self._run), None, 0, None, 0, ctypes.byref(self._trap)
            )
        )

    def _export(self, instance: Any, name: bytes) -> ctypes.Array[ctypes.c_uint64]:
        export = _Extern()
        found = self._library.wasmtime_instance_export_get(
            self._context, instance, name, len(name), ctypes.byref(export)
        )
        if not found:
            raise RuntimeError(f"A program in WebAssembly has no {name.decode()}: export it.")
        handle: ctypes.Array[ctypes.c_uint64] = export.handle
        return handle

    def _accept(self, error: int | None) -> None:
        """Go on after a call of wasmtime that went well."""
        if error:
            said = _Bytes()
            self._library.wasmtime_error_message(error, ctypes.byref(said))
            reason = ctypes.string_at(said.data, said.size).decode()
            raise RuntimeError(f"wasmtime refused a program in WebAssembly: {reason}.")
        if self._trap:
            raise RuntimeError("A program in WebAssembly did what it may not: nothing it returned was used.")


@cache
def _library() -> ctypes.CDLL:
    package = find_spec("wasmtime")
    folders = [Path(folder) for folder in (package and package.submodule_search_locations) or ()]
    # One folder a platform, and a package holds that of its own: linux-x86_64/_libwasmtime.so.
    files = [file for folder in folders for file in folder.glob("*/*wasmtime.*")]
    if len(files) != 1:
        raise RuntimeError("wasmtime's library was not found: install the packages of requirements.lock.")
    library = ctypes.CDLL(str(files[0]))
    for name, (result, *arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
