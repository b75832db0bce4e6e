"""How a picture says to machines that a model made what it shows: IPTC's digital source type, in an XMP packet.

The C2PA specification and the programs that show such labels use the same terms (IPTC NewsCodes, digitalsourcetype).
"""

from typing import Literal

SourceType = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
"""All of a picture was made by a model, or what a model made stands beside other pictures."""

PNG_KEYWORD = "XML:com.adobe.xmp"  # of the iTXt chunk that holds a packet (XMP specification, part 3)


def xmp(source: SourceType) -> str:
    """Return the packet."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType='
        f'"http://cv.iptc.org/newscodes/digitalsourcetype/{source}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )
