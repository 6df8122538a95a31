package inlay

import (
	"bytes"
	"math"
	"sync/atomic"
	"unsafe"

	"inlay/internal/capi"
)

type detail = capi.Error

// liveArenas counts arenas in use, for the tests.
var liveArenas atomic.Int64

// arena is C memory for the arguments of one call: structs that point to
// other memory must not lie in Go's.
type arena struct {
	blocks []unsafe.Pointer
	next   unsafe.Pointer
	left   uintptr
}

const arenaBlock = 4096

func newArena() *arena {
	liveArenas.Add(1)
	return new(arena)
}

func (a *arena) free() {
	for _, block := range a.blocks {
		capi.Free(block)
	}
	a.blocks = nil
	liveArenas.Add(-1)
}

// alloc gives zeroed memory, aligned to 8 bytes, never nil.
func (a *arena) alloc(bytes uintptr) unsafe.Pointer {
	bytes = (bytes + 8) &^ 7
	if bytes > a.left {
		size := uintptr(arenaBlock)
		if bytes > size {
			size = bytes
		}
		a.next, a.left = capi.Malloc(size), size
		a.blocks = append(a.blocks, a.next)
	}
	p := a.next
	a.next = unsafe.Add(p, bytes)
	a.left -= bytes
	return p
}

// put copies a slice of numbers; nil stays nil.
func put[T int32 | float32 | uintptr](a *arena, values []T) *T {
	if values == nil {
		return nil
	}
	p := (*T)(a.alloc(uintptr(len(values)) * unsafe.Sizeof(*new(T))))
	copy(unsafe.Slice(p, len(values)), values)
	return p
}

// text copies a string. An empty one has an address too.
func (a *arena) text(s string) (*byte, uintptr) {
	p := (*byte)(a.alloc(uintptr(len(s))))
	copy(unsafe.Slice(p, len(s)), s)
	return p, uintptr(len(s))
}

// optional is text, but an empty string is nil.
func (a *arena) optional(s string) (*byte, uintptr) {
	if s == "" {
		return nil, 0
	}
	return a.text(s)
}

// texts copies strings as an array of pointers and one of sizes; nil stays
// nil.
func (a *arena) texts(list []string) (**byte, *uintptr, uintptr) {
	if list == nil {
		return nil, nil, 0
	}
	n := uintptr(len(list))
	pointers := (**byte)(a.alloc(n * unsafe.Sizeof(uintptr(0))))
	sizes := make([]uintptr, n)
	for i, s := range list {
		unsafe.Slice(pointers, n)[i], sizes[i] = a.text(s)
	}
	return pointers, put(a, sizes), n
}

// record gives a zeroed struct with its struct_size, which is its first
// field in all of them.
func record[T any](a *arena) *T {
	size := unsafe.Sizeof(*new(T))
	p := a.alloc(size)
	*(*uint32)(p) = uint32(size)
	return (*T)(p)
}

// sized is a zeroed struct of Go memory with its struct_size.
func sized[T any]() *T {
	p := new(T)
	*(*uint32)(unsafe.Pointer(p)) = uint32(unsafe.Sizeof(*p))
	return p
}

func goString(text *byte, size uintptr) string { return capi.String(text, size) }

// goText copies a text that ends with a 0.
func goText(text []byte) string {
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	return string(text)
}

// copyOf copies an array of C.
func copyOf[T int32 | float32](p *T, count uintptr) []T {
	if p == nil {
		return nil
	}
	return append([]T(nil), unsafe.Slice(p, count)...)
}

// narrow keeps a number that is too large for the library too large for its
// limits.
func narrow(v int) int32 {
	if v > math.MaxInt32 {
		return math.MaxInt32
	}
	if v < math.MinInt32 {
		return math.MinInt32
	}
	return int32(v)
}

func first[T any](values []T) *T {
	if len(values) == 0 {
		return nil
	}
	return &values[0]
}

// grow calls f with a buffer of a likely size, and again while that is too
// small.
func grow[T any](likely int, f func(buffer *T, capacity uintptr, size *uintptr) error) ([]T, error) {
	for {
		buffer := make([]T, likely)
		var size uintptr
		err := f(first(buffer), uintptr(len(buffer)), &size)
		if err == nil {
			return buffer[:size], nil
		}
		e, ok := err.(*Error)
		if !ok || e.Code != ErrBufferTooSmall {
			return nil, err
		}
		likely = int(size) + int(size)/8 + 1
	}
}

type pointer = unsafe.Pointer

// cBytes is memory of C as a slice, for the length of a callback.
func cBytes(p pointer, size uintptr) []byte {
	return unsafe.Slice((*byte)(p), size)
}
