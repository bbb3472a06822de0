package rest

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"service/internal/about"
)

const swaggerUI = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0"

const page = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>` + about.Title + `</title>
    <link rel="stylesheet" href="` + swaggerUI + `/swagger-ui.css" crossorigin="anonymous"
      integrity="sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I">
  </head>
  <body>
    <div id="page"></div>
    <script src="` + swaggerUI + `/swagger-ui-bundle.js" crossorigin="anonymous"
      integrity="sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9"></script>
    <script>
      SwaggerUIBundle({ url: "/openapi.json", dom_id: "#page", deepLinking: true });
    </script>
  </body>
</html>
`

// addDocumentation serves the OpenAPI document, and a page on which people read it and try it.
func addDocumentation(router *gin.Engine, api huma.API) {
	complete(api.OpenAPI())
	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic(err) // It is made of this program alone.
	}
	router.GET("/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, mediaTypeJSON, document) })
	router.GET("/docs", func(c *gin.Context) { c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(page)) })
}
