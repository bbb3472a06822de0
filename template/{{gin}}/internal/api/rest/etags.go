package rest

import (
	"regexp"
	"strconv"
	"strings"

	"service/internal/usecases"
)

// strongTag is the version of a user, in quotes (RFC 9110, 8.8.3). Weak tags (W/"…") never match: If-Match compares
// strongly.
var strongTag = regexp.MustCompile(`^"(0|[1-9][0-9]{0,17})"$`)

func etag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// versionsOf are the versions that an If-Match header allows; nil for any.
func versionsOf(ifMatch []string) usecases.Versions {
	written := strings.Join(ifMatch, ",")
	if len(ifMatch) == 0 || strings.TrimSpace(written) == "*" {
		return nil
	}
	versions := usecases.Versions{}
	for tag := range strings.SplitSeq(written, ",") {
		if found := strongTag.FindStringSubmatch(strings.TrimSpace(tag)); found != nil {
			version, _ := strconv.Atoi(found[1]) // At most 18 digits.
			versions = append(versions, version)
		}
	}
	return versions
}
