// Package contract has what the service promises, for whoever asks it.
package contract

import _ "embed"

// AsyncAPI describes the events.
//
//go:embed asyncapi.yaml
var AsyncAPI []byte

// OpenAPI describes the REST API, by which the one that is made from the code is tested.
//
//go:embed openapi.yaml
var OpenAPI []byte
