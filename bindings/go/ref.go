package inlay

import "sync/atomic"

// ref is one reference to an object of the library, which goes back when it
// was closed and the last call that uses it has returned. So closing is safe
// at any moment, also beside calls of other goroutines.
type ref[T any] struct {
	what   string
	ptr    *T
	free   func(*T)
	users  atomic.Int64
	closed atomic.Bool
}

func (r *ref[T]) init(what string, ptr *T, free func(*T)) {
	r.what, r.ptr, r.free = what, ptr, free
	r.users.Store(1)
}

// enter gives the object to one call; leave follows it.
func (r *ref[T]) enter(op string) (*T, error) {
	for !r.closed.Load() {
		users := r.users.Load()
		if users == 0 {
			break
		}
		if r.users.CompareAndSwap(users, users+1) {
			return r.ptr, nil
		}
	}
	return nil, closedError(op, r.what)
}

func (r *ref[T]) leave() {
	if r.users.Add(-1) == 0 {
		r.free(r.ptr)
	}
}

// close lets no further call in. Only the first one counts.
func (r *ref[T]) close() {
	if r.closed.CompareAndSwap(false, true) {
		r.leave()
	}
}

// with runs one function on the object.
func (r *ref[T]) with(op string, f func(*T, *detail) int32) error {
	ptr, err := r.enter(op)
	if err != nil {
		return err
	}
	defer r.leave()
	return call(op, func(d *detail) int32 { return f(ptr, d) })
}
