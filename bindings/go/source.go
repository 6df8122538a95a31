package inlay

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"inlay/internal/capi"
)

// Source says where the bytes of a model are. See FromPath, FromFile,
// FromReader and FromBytes.
type Source struct {
	kind   int32
	path   string
	file   *os.File
	offset uint64
	size   uint64
	reader io.ReaderAt
}

// FromPath is a file by its path in UTF-8.
func FromPath(path string) Source {
	return Source{kind: capi.SourcePath, path: path}
}

// FromFile is size bytes of an open file from offset on; size 0: to its end.
// The file may be closed once the model is open.
func FromFile(file *os.File, offset, size uint64) Source {
	return Source{kind: capi.SourceFD, file: file, offset: offset, size: size}
}

// FromReader is size bytes of a reader. It is read by threads of the library,
// never two at once, until the model is open, and must not call into this
// package.
func FromReader(reader io.ReaderAt, size uint64) Source {
	return Source{kind: capi.SourceReader, reader: reader, size: size}
}

// FromBytes is a block of memory. It must not change while the model is
// being opened.
func FromBytes(data []byte) Source {
	return FromReader(bytes.NewReader(data), uint64(len(data)))
}

// use fills the library's struct and calls f while it holds.
func (s Source) use(a *arena, f func(*capi.ModelSource) error) error {
	raw := record[capi.ModelSource](a)
	raw.Kind, raw.Offset, raw.Size = s.kind, s.offset, s.size
	switch s.kind {
	case capi.SourceReader:
		return s.useReader(raw, f)
	case capi.SourceFD:
		if s.file == nil {
			return os.ErrInvalid
		}
		conn, err := s.file.SyscallConn()
		if err != nil {
			return err
		}
		used := conn.Control(func(fd uintptr) {
			raw.FD = int32(fd)
			err = f(raw)
		})
		if used != nil {
			return used
		}
		return err
	}
	raw.Path, raw.PathSize = a.text(s.path)
	return f(raw)
}

func (s Source) useReader(raw *capi.ModelSource, f func(*capi.ModelSource) error) error {
	reader := &modelReader{reader: s.reader}
	reader.handle = capi.NewHandle(reader)
	raw.Read, raw.Release = capi.ReadFn(), capi.ReleaseFn()
	raw.UserData = reader.handle
	err := f(raw)
	if err != nil {
		capi.DeleteHandle(reader.handle)
	}
	reader.mu.Lock()
	defer reader.mu.Unlock()
	return because(err, reader.err)
}

type modelReader struct {
	handle uintptr
	reader io.ReaderAt
	mu     sync.Mutex
	err    error
}

func (r *modelReader) OnRead(offset uint64, buffer pointer, size uintptr) (n int64) {
	defer func() {
		if v := recover(); v != nil {
			r.fail(fmt.Errorf("inlay: panic in a reader: %v", v))
			n = -1
		}
	}()
	read, err := r.reader.ReadAt(cBytes(buffer, size), int64(offset))
	if err != nil && read < int(size) {
		r.fail(err)
		if err != io.EOF {
			return -1
		}
	}
	return int64(read)
}

func (r *modelReader) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *modelReader) OnRelease() { capi.DeleteHandle(r.handle) }
