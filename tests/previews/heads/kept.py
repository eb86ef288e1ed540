"""Small files by large libraries, packed with zlib and base 85: what wrote each is said under it."""

import base64
import zlib

ORC = (
    "c-r$1au#G@;9?VE;V=qd&;~MvxtJLk7=(B@jD*-Ym;{(4QUVwZ7#JQ4Jx@wyU{ti@Q&#2EJLaNz%%yV*0~>=fPzygq3kS%EBqj+4"
    "8=&%_=SfKk0zpp<CQW*l!q6=Lt;wKGWk#XG3B?9R22KWs1BOfxijjebfx+8HMU(-?mtkN?PGD%1|CW$7MeaiZ149?kyrjno!U+=|"
    "JY%}pBP5hC%hO59$Jo20AybUgRpBhhlyvq>J`R-vXE~Nw9;`{znD6Qo(9zoL*udyvlsLhmQ1jUZfpmr@pgCMmk{%jxB|Lca&_D=i"
    "rclBp55`YFEPAF`?2r&{l@LBy!#81;iW(=Io-3cSW~LvT!H-0Jj%1G}N%kfgpx<N|86GEyRUFkgdi0=9fX>484;CgaQ8{{0`N)|Q"
    "M|6%(nW=Pi()1a#wT?zCJFwtj!hr=x4j$x5-{>59M<&LpN2egsjN|ly6J4!`H5v|fwIBBA=xz3F@Kj<w@%XVp(4z-QJ|amzET1hM"
    "vL?+?kys;Q*|TJcrR0GJ?Ryn^6gksmIEpwD3T8ZbesIQ-tR?Ad(m5D7CNc^zN;EXEC^0ecXt)@#HGN@b_78HF000iso+k"
)
"""By pyorc 0.12: 50 rows of struct<id:int,name:string,v:array<double>>."""

NITF = (
    "c-rmK(F(#K6b4`)#U~j5QIqYm6$>F9)YdD+2;9Xkdi~riMi)VYx)}J09P#*H9i3?^h>QSPR-nUvd*l-V2oj`eLs}I4$6CG$m@&qd"
    "=Y&!+6crX|Jjfz8NaHhOZ8r>^zy5s;tDQ^hZ@$0#uScQqs>U_8cJ<i0m~(uRpE%r(>@(t~Scy0@is`WPcrl|4{OyM%Ns=VVVh@r+"
    "eiH"
)
"""By GDAL 3.10: 40 by 40 pixels of uint8."""

GRIB_2 = (
    "c-nIh@^oTgU|?bZ1IBzHA<D?W4iaHxf5ptm1`-8gR*(u0W{@HS5W)H%6##`efEc8l0mNsT{4s!GPP%{r(=M?O3>VLRU|?UU0KyJH"
    "1xhRs>zEi4pvJSMgZcj%pn!)JY!M4sjtwMyl-;>g*mx*ob07c!)0bDj"
)
"""By GDAL 3.10: temperature, 2 m, 6 h after 2026-03-01 06:00, 8 by 6."""

DICOM = (
    "c-qB~y-ve06opURD2had!q0>lJZ7@|6CyK0g4Cj>u1G7yf?&uBNM+|Gct9S7W3w@`a3$+}*XLNiHt@gIFS|idcdHzqRDlfPIw~s@"
    ")ZOw7Mp@+>t&G;%s|#gR!^K_tGbW0ZaO^5}r@!*CGxUz>o&R{YRdkhWz1EFWUNx6KWlk_I4zYRQTw#!oDJx4z^j9UUwyk#Blz2in"
    "3Uu2NZ&-x_+iCy4mlbc{tV{H-)8p;)%T&kd$M~WeIZw<ngmvf^cVW1(vW~OT&FLN`DoDs8RirG@oFoz*kY<U1ua64h9?*aI@ozhG"
    "FXR"
)
"""By pydicom 3.0, explicit: 6 by 4 pixels of 12 bits, of a patient with a name."""

DICOM_IMPLICIT = (
    "c-qB~u};G<6h&{`D2hZ?g|eXz9y2|?*dYolX{ELz7(qL9K`>+mq_Xo5d?BC0jk__jV99#t`5wv72L5*~H(hU7_qQp&SPc?{o3U~w"
    "hIPNWL?uqzTBTCeR<5LynwzK0Cp5BXcy<N5`7i(E&6zAtiED(J_@-5@y|hwa)1q^M$Mp>N2Tm1w>uEWg!y@M}PF<s3s~pd9x^9=_"
    "9T{mi96ye>;N7FQd>fv&FRw!h6TJi_QcOvGxC`C-A@nO}OWI?aGChx!k;WH;Nr@!Vlw=~EktUIV@6Q7Ihrj*-Kx!vh"
)
"""By pydicom 3.0, implicit: the same."""

FLAC = (
    "c-l+zNpxmlU{DfZ5CBqq3=9HXN1Q$|Fh+FD{lxP7WcQ9~0ga~(R!kTD)55@@p#W4<l$w@Wl$w{Es*sbJ<mTh(tYD~TqGzmNWME`$"
    "U}j_tRKoE8$4Lo>LkwWB;~j{{cof3ZpAF(Moq_Pg7(qPd(-2-`35dsX55h||1@TyKLU^AXKs>e!5Z>uqARha52rp(mh{y2@!fTEN"
    "@i_lNcp@4g9@iHLPj?fD$Nd??+jSho<9P<*#kGNWybmF~lb=C6z84VQhfENU|2>44E(78TY=ZF4cYt_;TOquNzaXB_9tbZn9mEsf"
    "4dHzg0`WxFL3l#J|9@0Uh;p<CK=`Gx0N-wYzW"
)
"""By libsndfile 1.2: two seconds, stereo, 44,100 Hz."""

MP3 = (
    "c-s5_dqN5W0T7Xymky-(f!L3MK{1elnT?Z|S3p=yN=jBiMMYgp*U-?!+}hgC(Z$2V+b<|6G$J}aJ}EUbGbg{OtgN!8p}D!Ov$uD`"
    "<Y}{J&0Vl$$?{ceH*VarefREt2alXMar)e)OIL5)zJLGG)0Z#by#Ms=+s{A$fp*#WIQqI8>lqptu&jqU#Z*Cs#ln|?@eIfvuf4=N"
    "8HPLf|63r1f&T*oLne^J!N9<)z`(!=L`#5NAk(CQfq?}cP@y;gK?R|qAbXSu*b_<!5NVGKo$N`YlRX`DvS$^Y>^Vaxd+zp++B0g;"
    "s6C_hjM_75&!|14_KeyyYR{-WqxOv2GiuMMJ)`!F+B0g;s6C_hjM_75&!|14_KeyyY7c2()Sgj$=xGlCF(dHi"
)
"""By libsndfile 1.2 with LAME 3.100: the same."""


def unpacked(packed: str) -> bytes:
    """The bytes of a file."""
    return zlib.decompress(base64.b85decode(packed))
