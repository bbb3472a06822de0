//go:build darwin || freebsd || linux || netbsd || openbsd

package postgresql

import (
	"crypto/tls"
	"net"
	"syscall"
)

// hasToRead tells whether there is anything to read, if only the end, or none can tell.
func hasToRead(connection net.Conn) bool {
	if encrypted, isEncrypted := connection.(*tls.Conn); isEncrypted {
		connection = encrypted.NetConn()
	}
	socket, isSocket := connection.(syscall.Conn)
	if !isSocket {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	// Control and not Read, which would wait for whoever reads at the moment: pgx leaves a reader behind when a write was
	// slow, and that one waits for the next answer.
	var peeked error
	err = raw.Control(func(descriptor uintptr) {
		_, _, peeked = syscall.Recvfrom(int(descriptor), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err != nil || peeked != syscall.EAGAIN
}
