//go:build inlay_bundled

package capi

// The library lies in the module: header in bundle/include/inlay, library in
// bundle/OS_ARCHITECTURE. Programs find it beside themselves, or there.

// #cgo CFLAGS: -I${SRCDIR}/bundle/include
// #cgo linux,amd64 LDFLAGS: -L${SRCDIR}/bundle/linux_amd64 -Wl,-rpath,${SRCDIR}/bundle/linux_amd64
// #cgo linux,arm64 LDFLAGS: -L${SRCDIR}/bundle/linux_arm64 -Wl,-rpath,${SRCDIR}/bundle/linux_arm64
// #cgo linux LDFLAGS: -Wl,-rpath,$ORIGIN -linlay
// #cgo darwin,amd64 LDFLAGS: -L${SRCDIR}/bundle/darwin_amd64 -Wl,-rpath,${SRCDIR}/bundle/darwin_amd64
// #cgo darwin,arm64 LDFLAGS: -L${SRCDIR}/bundle/darwin_arm64 -Wl,-rpath,${SRCDIR}/bundle/darwin_arm64
// #cgo darwin LDFLAGS: -Wl,-rpath,@executable_path -linlay
// #cgo windows,amd64 LDFLAGS: -L${SRCDIR}/bundle/windows_amd64 -linlay
import "C"
