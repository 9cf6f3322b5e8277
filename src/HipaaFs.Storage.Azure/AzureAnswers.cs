using System.Xml;
using Azure.Core;
using Azure.Core.Pipeline;

namespace HipaaFs.Storage.Azure;

/// <summary>Prepares answers for the SDK: one that breaks off is not asked for again, and a refusal whose document is none is still a refusal.</summary>
/// <remarks>
/// The SDK takes up to five further requests to go on with a body that broke, whatever its retries are set to; and it throws the XML reader's exception, the status lost,
/// when an error comes without the document that its headers promise, as answers to HEAD and those of gateways do.
/// </remarks>
internal sealed class AzureAnswers : HttpPipelinePolicy
{
    private const int LongestErrorDocument = 64 * 1024;

    /// <inheritdoc/>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException("the store calls nothing that blocks");

    /// <inheritdoc/>
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline);
        if (message.Response.ContentStream is not { } content)
        {
            return;
        }

        if (message.Response.Status >= 400)
        {
            message.Response.ContentStream = message.Request.Method == RequestMethod.Head ? null : await DocumentAsync(content, message.CancellationToken);
        }
        else if (!message.BufferResponse)
        {
            message.Response.ContentStream = new BrokenOnceStream(content);
        }
    }

    // The document, in memory; null when it is none.
    private static async ValueTask<Stream?> DocumentAsync(Stream content, CancellationToken cancel)
    {
        byte[] bytes = new byte[LongestErrorDocument];
        int length = await content.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancel);
        var document = new MemoryStream(bytes, 0, length, writable: false, publiclyVisible: true);
        try
        {
            using var reader = XmlReader.Create(document, new XmlReaderSettings { CloseInput = false, DtdProcessing = DtdProcessing.Prohibit });
            while (reader.Read())
            {
            }
        }
        catch (XmlException)
        {
            return null; // The status says enough.
        }

        document.Position = 0;
        return document;
    }
}
