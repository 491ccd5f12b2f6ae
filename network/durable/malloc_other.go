//go:build !cgo || !linux

package durable

// SettleMalloc does nothing here: it is for glibc.
func SettleMalloc() {}
