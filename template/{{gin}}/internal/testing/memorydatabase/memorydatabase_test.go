package memorydatabase_test

import (
	"testing"

	"service/internal/ports"
	"service/internal/testing/databasetest"
	"service/internal/testing/memorydatabase"
)

func TestItPromisesWhatAllDatabasesDo(t *testing.T) {
	databasetest.Events(t, func(*testing.T) ports.Database { return memorydatabase.New() })
}
