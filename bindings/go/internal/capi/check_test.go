package capi

import (
	"strings"
	"testing"
	"unsafe"
)

func TestCheck(t *testing.T) {
	if err := Check(); err != nil {
		t.Fatal(err)
	}
	if err := check(DescribedABI+1, sizeOf); err == nil || !strings.Contains(err.Error(), "ABI 2") {
		t.Error(err)
	}
	older := func(name string) uintptr {
		if name == "inlay_event" {
			return unsafe.Sizeof(Event{}) - 8
		}
		return sizeOf(name)
	}
	if err := check(DescribedABI, older); err == nil || !strings.Contains(err.Error(), "inlay_event") {
		t.Error(err)
	}
	newer := func(name string) uintptr { return sizeOf(name) + 8 }
	if err := check(DescribedABI, newer); err != nil {
		t.Error(err)
	}
}

type tester struct{ got []uint64 }

func (x *tester) OnRead(offset uint64, buffer unsafe.Pointer, bytes uintptr) int64 {
	x.got = append(x.got, offset)
	panic("contained")
}

// A panic under the net is the failure of the call.
func TestContain(t *testing.T) {
	x := new(tester)
	handle := NewHandle(x)
	if got := inlayGoOnRead(handle, 7, nil, 1); got != -1 || len(x.got) != 1 {
		t.Errorf("%d, %v", got, x.got)
	}
	DeleteHandle(handle)
	if got := inlayGoOnRead(handle, 7, nil, 1); got != -1 || LiveHandles() != 0 {
		t.Errorf("a deleted handle gives %d", got)
	}
}
